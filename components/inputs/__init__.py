"""How inputs are checked: errors told all at once, rules, quantities."""
