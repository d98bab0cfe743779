"""Several runs: what changed between two of them. Functions of reports alone (`report/model.py`), made by whichever run."""
