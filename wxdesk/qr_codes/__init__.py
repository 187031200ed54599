"""QR codes of partners, shops, adverts and people, and what they bring."""
