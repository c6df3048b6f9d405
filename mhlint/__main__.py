"""`python -m mhlint`."""

import sys

from mhlint.cli.main import main

sys.exit(main())
