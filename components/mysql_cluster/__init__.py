"""A MySQL database of several servers: Vitess, from plain Kubernetes objects."""
