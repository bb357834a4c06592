"""The rooms of the house, lowest first: people feeds audiences content capacity campaigns insights desk home."""
