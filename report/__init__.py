"""The report: pages for people who look at accounts and MRR, on the published copy."""
