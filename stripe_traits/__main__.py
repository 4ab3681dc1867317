"""`python -m stripe_traits`: the program, for the processes that it starts itself."""

from stripe_traits.program import main

main()
