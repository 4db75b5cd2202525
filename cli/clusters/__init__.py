"""Where a stack goes: the road into a cluster, and how images get there."""
