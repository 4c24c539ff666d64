/** The service's texts in isiZulu and French, by the English text. All but the names of languages are in GSM 03.38. */

import type { Catalogue } from "ngoma";

export const isizulu: Catalogue = {
  "Welcome to MamaCare.\nYour language?": "Siyakwamukela ku-MamaCare.\nUlimi?",
  "MamaCare sends you free messages about your pregnancy. We keep your number, due date and clinic. Do you agree?":
    "I-MamaCare ithumela imiyalezo yamahhala ngokukhulelwa kwakho. Sigcina inombolo yakho, usuku lokubeletha nomtholampilo. Uyavuma?",
  Yes: "Yebo",
  No: "Cha",
  "Thank you. We have kept nothing about you. You can dial *120*8864# again at any time.":
    "Siyabonga. Asigcinanga lutho ngawe. Ungaphinda ushayele ku-*120*8864# noma nini.",
  "When is your baby due? Reply with the day, month and year, for example {example}.":
    "Umntwana wakho ulindeleke nini? Phendula ngosuku, inyanga nonyaka, isibonelo {example}.",
  "We could not read that date. Reply with the day, month and year, for example {example}.":
    "Asikwazanga ukufunda lolo suku. Phendula ngosuku, inyanga nonyaka, isibonelo {example}.",
  "That day has passed. Reply with a due date from {first} to {last}.":
    "Lolo suku seludlulile. Phendula ngosuku olusuka ku-{first} luye ku-{last}.",
  "A pregnancy lasts at most 42 weeks. Reply with a due date up to {last}.":
    "Ukukhulelwa akudluli emasontweni angu-42. Phendula ngosuku olungeqi u-{last}.",
  "Which clinic do you go to?": "Uya kumuphi umtholampilo?",
  More: "Okunye",
  Back: "Emuva",
  "Please check:\nDue date: {due}\nClinic: {place}":
    "Sicela uhlole:\nUsuku lokubeletha: {due}\nUmtholampilo: {place}",
  Confirm: "Qinisekisa",
  Change: "Shintsha",
  "What would you like to change?": "Yini ofuna ukuyishintsha?",
  "Due date": "Usuku lokubeletha",
  Clinic: "Umtholampilo",
  "Thank you, you are registered. You will soon get an SMS.": "Siyabonga, usubhalisiwe. Uzothola i-SMS maduze.",
  "MamaCare: you are registered. Due date: {due}. Clinic: {place}. Dial *120*8864# to see or change this.":
    "MamaCare: usubhalisiwe. Usuku lokubeletha: {due}. Umtholampilo: {place}. Shayela *120*8864# ukubona noma ukushintsha.",
  "Welcome back to MamaCare.": "Siyakwamukela futhi ku-MamaCare.",
  "See my registration": "Bona ukubhalisa kwami",
  "Change clinic": "Shintsha umtholampilo",
  Unregister: "Susa ukubhalisa kwami",
  "Your registration:\nDue date: {due}\nClinic: {place}":
    "Ukubhalisa kwakho:\nUsuku lokubeletha: {due}\nUmtholampilo: {place}",
  "Your clinic is now {place}.": "Umtholampilo wakho manje: {place}.",
  "Stop all messages and delete what we know about you?":
    "Ufuna siyeke ukukuthumelela imiyalezo, sisuse nakho konke esikwaziyo ngawe?",
  "You are no longer registered and your details are deleted. We wish you and your baby well.":
    "Awusabhalisiwe futhi imininingwane yakho isusiwe. Sikufisela okuhle wena nomntwana wakho.",
  "Nothing has changed. You are still registered.": "Akukho okushintshile. Usabhalisiwe.",
  "Please choose one of these numbers.": "Sicela ukhethe inombolo ebonisiwe.",
  "Welcome back. You have not finished.": "Siyakwamukela futhi. Awukaqedi.",
  "Continue where you left off": "Qhubeka lapho ugcine khona",
  "Start again": "Qala kabusha",
};

export const french: Catalogue = {
  "Welcome to MamaCare.\nYour language?": "Bienvenue sur MamaCare.\nLangue :",
  "MamaCare sends you free messages about your pregnancy. We keep your number, due date and clinic. Do you agree?":
    "MamaCare vous envoie des messages gratuits sur votre grossesse. Nous gardons votre numéro, la date prévue et votre clinique. Acceptez-vous ?",
  Yes: "Oui",
  No: "Non",
  "Thank you. We have kept nothing about you. You can dial *120*8864# again at any time.":
    "Merci. Nous n'avons rien gardé à votre sujet. Vous pouvez rappeler le *120*8864# à tout moment.",
  "When is your baby due? Reply with the day, month and year, for example {example}.":
    "Quelle est la date prévue de l'accouchement ? Répondez avec le jour, le mois et l'année, par exemple {example}.",
  "We could not read that date. Reply with the day, month and year, for example {example}.":
    "Nous n'avons pas compris cette date. Répondez avec le jour, le mois et l'année, par exemple {example}.",
  "That day has passed. Reply with a due date from {first} to {last}.":
    "Cette date est passée. Répondez avec une date entre le {first} et le {last}.",
  "A pregnancy lasts at most 42 weeks. Reply with a due date up to {last}.":
    "Une grossesse dure au plus 42 semaines. Répondez avec une date avant le {last} ou ce jour-là.",
  "Which clinic do you go to?": "Dans quelle clinique allez-vous ?",
  More: "Suite",
  Back: "Retour",
  "Please check:\nDue date: {due}\nClinic: {place}": "Veuillez vérifier :\nDate prévue : {due}\nClinique : {place}",
  Confirm: "Confirmer",
  Change: "Modifier",
  "What would you like to change?": "Que voulez-vous modifier ?",
  "Due date": "La date prévue",
  Clinic: "La clinique",
  "Thank you, you are registered. You will soon get an SMS.":
    "Merci, votre inscription est faite. Vous allez recevoir un SMS.",
  "MamaCare: you are registered. Due date: {due}. Clinic: {place}. Dial *120*8864# to see or change this.":
    "MamaCare : votre inscription est faite. Date prévue : {due}. Clinique : {place}. Composez *120*8864# pour la voir ou la modifier.",
  "Welcome back to MamaCare.": "Heureux de vous retrouver sur MamaCare.",
  "See my registration": "Voir mon inscription",
  "Change clinic": "Changer de clinique",
  Unregister: "Me désinscrire",
  "Your registration:\nDue date: {due}\nClinic: {place}":
    "Votre inscription :\nDate prévue : {due}\nClinique : {place}",
  "Your clinic is now {place}.": "Votre clinique est maintenant : {place}.",
  "Stop all messages and delete what we know about you?":
    "Ne plus recevoir de messages et effacer tout ce que nous savons de vous ?",
  "You are no longer registered and your details are deleted. We wish you and your baby well.":
    "Votre inscription et vos données sont effacées. Nous vous souhaitons le meilleur, à vous et à votre bébé.",
  "Nothing has changed. You are still registered.": "Rien n'a changé. Votre inscription reste valable.",
  "Please choose one of these numbers.": "Choisissez un de ces numéros.",
  "Welcome back. You have not finished.": "Heureux de vous retrouver. Vous n'avez pas terminé.",
  "Continue where you left off": "Reprendre",
  "Start again": "Recommencer",
};
