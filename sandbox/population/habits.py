"""How often generated subscribers do what, and what they buy. Data, drawn from by `choices`."""

# What can become of a subscription, and how often in a thousand.
SITUATIONS = {
    "active": 395,
    "converted": 130,
    "upgraded": 60,
    "downgraded": 35,
    "to_yearly": 20,
    "canceled": 120,
    "canceled_at_period_end": 75,
    "canceled_unpaid": 20,
    "trialing": 30,
    "trial_lost": 35,
    "trial_paused": 6,
    "past_due": 20,
    "unpaid": 8,
    "paused": 8,
    "held": 12,
    "ending": 20,
    "ending_flexible": 6,
    "incomplete": 4,
    "incomplete_expired": 6,
}
BUNDLES: tuple[tuple[int, tuple[tuple[str, int, int], ...]], ...] = (
    # how often, and what is bought: price, least and most quantity
    (13, (("starter_monthly", 1, 1),)),
    (9, (("team_monthly", 1, 1),)),
    (4, (("business_monthly", 1, 2),)),
    (24, (("starter_yearly", 1, 1),)),
    (19, (("team_yearly", 1, 1),)),
    (5, (("business_yearly", 1, 1),)),
    (5, (("team_quarterly", 1, 1),)),
    (6, (("seat_monthly", 2, 40),)),
    (8, (("seat_yearly", 5, 80),)),
    (4, (("team_monthly", 1, 1), ("seat_monthly", 1, 12))),
    (3, (("contacts_graduated", 200, 15000),)),
    (2, (("messages_volume", 100, 8000),)),
    (3, (("starter_monthly", 1, 1), ("calls_metered", 1, 1))),
    (1, (("calls_metered", 1, 1),)),
    (2, (("storage_packages", 3, 90),)),
    (1, (("pulse_weekly", 1, 1),)),
    (1, (("legacy_monthly", 1, 1),)),
    (2, (("team_yearly", 1, 1), ("storage_packages", 10, 60))),
)
UP = {"starter_monthly": "team_monthly", "team_monthly": "business_monthly"}
DOWN = {"team_monthly": "starter_monthly", "business_monthly": "team_monthly"}
YEARLY = {"starter_monthly": "starter_yearly", "team_monthly": "team_yearly"}
MONTHLY = ("starter_monthly", "team_monthly", "business_monthly", "seat_monthly")
