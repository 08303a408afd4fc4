"""`runnerops demo`: a host in a scratch directory, reached over real SSH, for a first try with no server.

Only what stands for the host's own programs is simulated; the deploys are this program's, step by step.
"""
