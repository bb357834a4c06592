"""``twain up``: prepares the house's tables, then runs its processes and keeps them running."""
