"""Leave the recording script out of the tests: it needs PyTorch."""

collect_ignore = ["record.py"]
