"""The bench: this project beside what people would use instead, on the same node, in the same run.

`make bench` prints ratios of medians with their goals, and writes docs/reference/performance.* from them.
"""
