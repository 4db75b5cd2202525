"""What the children of all components share: pods, Services, traffic, volumes, labels, names."""
