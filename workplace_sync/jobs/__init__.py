"""The verbs: observe, plan, review, apply."""
