"""A STAND-IN for gitlab-runner, for hosts of the lab where no real binary is at hand. Python 3.11, no package.

It keeps the real one's contract for its configuration, its jobs and its end (tests/lab/test_runner_contract.py and
test_runner_jobs.py hold both to it), and names itself as a stand-in wherever it shows.
"""
