"""``python -m reidapt``."""

import sys

from reidapt.cli import main

sys.exit(main())
