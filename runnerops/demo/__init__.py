"""`runnerops demo`: a host in a scratch directory, reached over SSH, to try runnerops without a server. Only the
programs of the host are simulated. The deploys are those of the product, step by step.
"""
