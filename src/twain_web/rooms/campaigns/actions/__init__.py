"""Everything that changes campaigns and their sends. All of it is audited."""
