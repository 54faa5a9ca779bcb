"""`python -m kumoi.host`."""

import sys

from kumoi.host.main import main

sys.exit(main(sys.argv[1:]))
