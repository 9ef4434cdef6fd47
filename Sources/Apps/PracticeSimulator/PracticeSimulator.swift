// PracticeSimulator
