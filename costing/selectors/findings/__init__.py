"""What the rules say of an account, which limits they use, and what became of what they found."""
