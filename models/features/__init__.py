"""What the models may know of a customer: declarations and reasons. Values are computed in sql/features."""
