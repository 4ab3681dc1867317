"""What every request to another server keeps to, whoever sends it.

One rate budget for each server, shared by all processes of this machine; a limit of size and of
time for each answer; and no secret in what is told of them. Not here: who sends what. It imports
no stage, so that every stage may import it.
"""
