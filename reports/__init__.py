"""What people read: tables made from the stored cells, beside the published numbers."""
