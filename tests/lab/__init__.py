"""The lab: real hosts for end-to-end tests, booted side by side on one machine (docs: `lab.py`)."""
