"""``python -m gcmtag`` is the command ``gcmtag``."""

from gcmtag.cli import main

main()
