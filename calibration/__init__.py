"""What banks reported, turned into draws that say what they do not know; and the forecasts that were scored."""
