"""What is landed, in one word: another word means that rows of before are not as today's would be.

Enters: the landing tables and what is asked of Stripe for them. Leaves: `FINGERPRINT`.
"""

import hashlib

from ingestion.landing import EXTRACTS, TABLES
from ingestion.stripe_api.streams import STREAMS

FINGERPRINT = hashlib.sha256(repr((TABLES, EXTRACTS, STREAMS)).encode()).hexdigest()[:16]
