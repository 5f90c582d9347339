"""`python -m orchestrator.cli`: the same as `zentao-deploy`."""

import sys

from orchestrator.cli import main

sys.exit(main())
