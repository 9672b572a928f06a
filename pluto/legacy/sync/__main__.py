"""`python -m pluto.sync`: the process that sent what the earlier client wrote."""

import sys

from pluto.legacy.sync.process import main

sys.exit(main())
