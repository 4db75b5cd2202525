"""What a stack is doing right now, for whoever is on call: nothing is changed, and no value of a secret is read.

`gather` asks state and cluster, `judge` says what it means, `show` prints it; `commands` puts them together.
"""
