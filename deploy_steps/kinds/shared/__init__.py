"""What several kinds of resource have in common."""
