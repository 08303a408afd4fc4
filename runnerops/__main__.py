"""`python -m runnerops`."""

from runnerops.cli import main

if __name__ == "__main__":
    main()
