"""What `make` runs around the Pulumi project: toolchain, local node, images, stacks. Not part of the product."""
