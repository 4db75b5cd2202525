"""What proves the project and never ships: toolchain, local node, images, faults, scans, benches."""
