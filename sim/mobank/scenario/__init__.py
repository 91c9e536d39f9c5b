"""YAML text -> Scenario: a tree with places, one reader a section, every problem at once."""
