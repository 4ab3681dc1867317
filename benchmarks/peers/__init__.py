"""What others of a package index make of the same Stripe account: a module each, run as it is meant
to be run, in an environment of its own. `python -m benchmarks.peers`
"""
