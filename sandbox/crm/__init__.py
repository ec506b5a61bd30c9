"""The example CRM: a real HTTP service to try and test deliveries against."""
