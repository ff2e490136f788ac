// Posts the only form of the page. Without scripts the person presses its button.
document.forms[0].submit()
