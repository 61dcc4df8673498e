"""Loading Hugging Face models and computing with them; shared by generators and verifiers."""
