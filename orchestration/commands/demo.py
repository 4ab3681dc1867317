"""`stripe-traits demo`: the main job on a made-up business."""

from orchestration.terminal.failures import explained


def demo() -> None:
    """The whole way of the data on a made-up business, in about a minute: a local Stripe, the first
    import, traits and MRR, an account store. It is written to data/demo in this folder, anew."""
    with explained():
        from orchestration.demo import main

        main()
