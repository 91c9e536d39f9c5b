"""What every report is made with: page, fonts, charts, workbook."""
