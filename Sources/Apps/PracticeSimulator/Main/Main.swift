import PracticeSimulator

@main
enum Main {
    static func main() async {
        await Simulator.main()
    }
}
