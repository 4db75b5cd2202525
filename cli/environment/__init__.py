"""Environments: a stack of its own for a pull request, with a namespace of its own, and gone with it.

`settings` derives what the stack gets, `records` remembers which stacks are environments, `commands` makes and removes
them, `address` says how to reach one.
"""
