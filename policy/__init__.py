"""The project's policy pack: rules that Pulumi's engine applies to every stack. docs/reference/policy.md lists them."""
