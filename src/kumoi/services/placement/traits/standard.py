"""The standard traits: the complete catalogue of os-traits."""

import os_traits

STANDARD = frozenset(os_traits.get_traits())
