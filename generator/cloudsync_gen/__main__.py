"""`python -m cloudsync_gen`."""

from __future__ import annotations

import sys

from cloudsync_gen.cli import main

sys.exit(main())
