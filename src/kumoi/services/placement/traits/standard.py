"""The standard traits: the whole catalogue of the API, as os-traits publishes it for services and clients alike."""

import os_traits

STANDARD = frozenset(os_traits.get_traits())
