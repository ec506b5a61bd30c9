"""A billing system to try Keepstep with: its API has the shape of Stripe's."""
