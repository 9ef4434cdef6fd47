import Pmsync

@main
enum Main {
    static func main() async {
        await PmsyncCommand.start()
    }
}
