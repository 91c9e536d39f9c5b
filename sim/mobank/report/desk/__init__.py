"""What a desk study says."""
