"""The command `kubeauth`: stacks, backups, repair, previews, GitHub, for any Pulumi project."""
