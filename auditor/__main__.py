"""`python -m auditor` is `regaudit`."""

from auditor.cli import main

main()
