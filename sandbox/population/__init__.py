"""A plausible business over the two years before `now`, from a seed: objects and their events.

Enters: how many customers, a seed, now. Leaves: a stream of objects (`generate`), customer by
customer, so that memory does not grow with them. The same seed and now give the same bytes.
"""

from sandbox.population.business import Population
from sandbox.population.filling import Progress, fill, generate

__all__ = ["Population", "Progress", "fill", "generate"]
