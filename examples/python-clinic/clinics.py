"""The clinics, by the code that is kept."""

CLINICS = {
    "mankweng": "Mankweng Clinic",
    "seshego": "Seshego Zone 3 Clinic",
    "polokwane": "Polokwane Community Health Centre",
    "lebowakgomo": "Lebowakgomo Gateway Clinic",
    "mokopane": "Mokopane Zone 2 Clinic",
    "thohoyandou": "Thohoyandou Health Centre",
    "giyani": "Giyani Community Clinic",
    "tzaneen": "Tzaneen Town Clinic",
}
